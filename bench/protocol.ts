/** What the runner and a variant's child process say to each other: one answer to each request, in order. */
import type { Json, Trial } from './suite.ts';

export type Request =
  | {
      readonly do: 'start';
      /** URL of the suite's module. */
      readonly module: string;
      readonly suite: string;
      readonly variant: string;
      readonly data: Json;
      readonly folder: string;
    }
  | { readonly do: 'trial'; readonly folder: string }
  | { readonly do: 'close' };

export type Answer =
  | { readonly is: 'done'; readonly trial?: Trial }
  | { readonly is: 'absent'; readonly why: string }
  | { readonly is: 'failed'; readonly why: string };
