/** For tests of what bad graphs get: flags, and what several messages say. */
export const OUT = ['--out', 'out.csv'];
export const GRAPHALYTICS = ['--input-format', 'graphalytics', 'g'];
export const GRAPHOLOGY = ['--input-format', 'graphology', 'g.json'];

/** A job that fails while its input is read, by whichever walk. */
export const walks = (job: string): RegExp =>
  new RegExp(`^ {2}job ${job}, stage graph walk, task \\d, attempt 1$`);
export const LEAVE_OUT = 'leave such lines out with --skip-bad N';
export const AS_TEXT =
  "  If ids are text, say so: --schema 'source:utf8,target:utf8'. Leave such lines out with --skip-bad N";
export const DANGLING =
  '  Add it to vertices; or leave such edges out, or add such vertices: --param dangling=drop, or add (danglingEdges of graph()).';
