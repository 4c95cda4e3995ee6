import type { AnySuite } from '../../suite.ts';
import { algorithms } from './algorithms.ts';
import { loading } from './load.ts';
import { outOfCore } from './out-of-core.ts';

const suites: readonly AnySuite[] = [...algorithms, ...loading, outOfCore];
export default suites;
