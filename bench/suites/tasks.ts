/** Small tasks, and calls of actors: what one costs. Each gives its own number back, and every number is checked. */
import { open } from 'superstep';
import { Pool } from '../baseline/tasks.ts';
import { suite, type Variant } from '../suite.ts';
import { Echo, echo } from './definitions.ts';

interface Data {
  readonly tasks: number;
}
/** Refs that are not resolved at a time: what a careful program allows itself. */
const WINDOW = 1_000;

/** Starts a task whenever fewer than WINDOW wait, and takes results in order. */
async function inWindow<R>(
  tasks: number,
  start: (n: number) => R,
  take: (ref: R) => Promise<number>,
): Promise<number[]> {
  const refs: R[] = [];
  const values: number[] = [];
  for (let n = 0; n < tasks; n++) {
    if (n >= WINDOW) values.push(await take(refs[n % WINDOW]!));
    refs[n % WINDOW] = start(n);
  }
  for (let n = values.length; n < tasks; n++) values.push(await take(refs[n % WINDOW]!));
  return values;
}

const variant = <R>(
  name: string,
  begin: () => Promise<{
    start(n: number): R;
    take(ref: R): Promise<number>;
    close(): Promise<void>;
  }>,
): Variant<Data> => ({
  name,
  async start({ tasks }) {
    const { start, take, close } = await begin();
    return {
      async trial() {
        const began = performance.now();
        const result = await inWindow(tasks, start, take);
        return { seconds: (performance.now() - began) / 1000, result };
      },
      close,
    };
  },
});

export default suite<Data, null>({
  name: 'tasks',
  title: `Small tasks, and calls of 2 actors, on 2 workers, at most ${WINDOW} refs unresolved`,
  unit: 'tasks',
  rival: 'postMessage',
  trials: 5,
  variants: [
    variant('superstep', async () => {
      const session = await open({ workers: 2 });
      return {
        start: n => session.remote(echo, n),
        take: ref => session.get(ref),
        close: () => session.close(),
      };
    }),
    variant('superstep actors', async () => {
      const session = await open({ workers: 2 });
      const actors = [session.actor(Echo), session.actor(Echo)];
      return {
        start: n => actors[n % 2]!.echo(n),
        take: ref => session.get(ref),
        close: () => session.close(),
      };
    }),
    variant('postMessage', async () => {
      const pool = new Pool(2);
      return { start: n => pool.run(n), take: promise => promise, close: () => pool.close() };
    }),
  ],
  data: () => ({ tasks: 20_000 }),
  truth: () => null,
  units: (_, { tasks }) => tasks,
  verify(result, _, { tasks }) {
    const values = result as readonly number[];
    if (values.length !== tasks) return `${values.length} results of ${tasks} tasks`;
    const wrong = values.findIndex((value, n) => value !== n);
    return wrong === -1 ? undefined : `task ${wrong} gave ${values[wrong]}`;
  },
});
