#!/usr/bin/env node
/** The `superstep` command. Starts quickly: what a command needs is imported by that command. */
import { main } from './program.ts';

process.exitCode = await main(process.argv.slice(2));
