/** The process of one variant: starts it, runs trials as told, answers with their time and memory.
 *
 * A process each, so that memory is that of the variant alone, and no variant warms or deoptimises another's code.
 */
import type { Answer, Request } from './protocol.ts';
import { peakBytes, resetPeak } from './process-memory.ts';
import { Absent, type AnySuite, type Running } from './suite.ts';

let running: Running | undefined;

async function answer(request: Request): Promise<Answer> {
  switch (request.do) {
    case 'start': {
      const { default: suites } = (await import(request.module)) as {
        default: AnySuite | readonly AnySuite[];
      };
      const suite = [suites].flat().find(each => each.name === request.suite);
      const variant = suite?.variants.find(each => each.name === request.variant);
      if (variant === undefined) throw new Error(`${request.module} has no ${request.variant}`);
      running = await variant.start(request.data, request.folder);
      return { is: 'done' };
    }
    case 'trial': {
      if (running === undefined) throw new Error('a trial before the start');
      resetPeak();
      const trial = await running.trial(request.folder);
      const peak = trial.peakBytes ?? peakBytes();
      return { is: 'done', trial: { ...trial, ...(peak !== undefined && { peakBytes: peak }) } };
    }
    case 'close':
      await running?.close?.();
      return { is: 'done' };
  }
}

process.on('message', (request: Request) => {
  answer(request)
    .catch(
      (error: unknown): Answer =>
        error instanceof Absent
          ? { is: 'absent', why: error.message }
          : {
              is: 'failed',
              why: error instanceof Error ? (error.stack ?? error.message) : String(error),
            },
    )
    .then(reply => {
      process.send!(reply, () => {
        if (request.do === 'close') process.disconnect();
      });
    }, process.exit);
});
