/** What travels in place of things that cannot: a connector's place instead of the connector. Plain JSON. */
import type { DefinitionRef } from './define.ts';

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** Where a table comes from or goes to: a connector by name, and its options. */
export interface Place {
  readonly connector: DefinitionRef;
  readonly options: Json;
}
