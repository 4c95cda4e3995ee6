/** The kernels alone, one thread, no engine: each against the plain loop that a person would write. */
import group from './group.ts';
import merge from './merge.ts';
import sort from './sort.ts';
import sum from './sum.ts';
import words from './words.ts';

export default [words, group, sort, merge, sum];
