/** Progress on standard error: a bar on a terminal, otherwise a line when a stage starts, every 30 s, and when it ends.
 *
 * Order of calls: `update` with each event of the session, `end` once.
 * Invariant: what is shown never goes backwards within a stage.
 */
import type { Progress } from '../define/session.ts';
import { formatBytes, formatSeconds } from './units.ts';

/** Between two lines of one stage: a log of a day-long job stays readable. */
const LINE_MS = 30_000;
/** A bar for less than this would only flicker. */
const BAR_AFTER_MS = 500;

export interface ProgressPrinter {
  update(progress: Progress): void;
  end(): void;
}

/** One stage as it goes: how much, how fast, how long still. Pure but for what it was told before. */
class StageClock {
  readonly stage: string;
  readonly #startMs: number;
  #doneBytes = 0;
  #last: Progress;

  constructor(progress: Progress, nowMs: number) {
    this.stage = progress.stage;
    this.#startMs = nowMs;
    this.#last = progress;
    this.note(progress);
  }

  note(progress: Progress): void {
    this.#last = progress;
    this.#doneBytes = Math.max(this.#doneBytes, progress.bytesDone);
  }

  get fraction(): number {
    const { bytesTotal } = this.#last;
    return bytesTotal === 0 ? 0 : Math.min(1, this.#doneBytes / bytesTotal);
  }

  seconds(nowMs: number): number {
    return (nowMs - this.#startMs) / 1000;
  }

  /** '1.2 GB of 4 GB, 512 MB/s, 300 MB spilled, 6 s left'. */
  text(nowMs: number): string {
    const { bytesTotal, spilledBytes } = this.#last;
    const seconds = this.seconds(nowMs);
    const rate = seconds > 0 ? this.#doneBytes / seconds : 0;
    const parts: string[] = [];
    if (bytesTotal > 0) parts.push(`${formatBytes(this.#doneBytes)} of ${formatBytes(bytesTotal)}`);
    if (rate > 0) parts.push(`${formatBytes(Math.round(rate))}/s`);
    if (spilledBytes > 0) parts.push(`${formatBytes(spilledBytes)} spilled`);
    if (rate > 0 && this.fraction < 1) {
      parts.push(`${formatSeconds((bytesTotal - this.#doneBytes) / rate)} left`);
    }
    return parts.join(', ');
  }
}

/** Lines, for a log. `write` gets whole lines; `now` in milliseconds. */
export function progressLines(write: (line: string) => void, now: () => number): ProgressPrinter {
  let clock: StageClock | undefined;
  let lastMs = 0;
  const line = (what: string): void => {
    lastMs = now();
    write(`superstep: ${clock!.stage}: ${what}\n`);
  };
  const finish = (): void => {
    if (clock !== undefined) line(`done in ${formatSeconds(clock.seconds(now()))}`);
  };
  return {
    update(progress) {
      if (clock?.stage !== progress.stage) {
        finish();
        clock = new StageClock(progress, now());
        line(progress.bytesTotal > 0 ? formatBytes(progress.bytesTotal) : 'started');
        return;
      }
      clock.note(progress);
      if (now() - lastMs >= LINE_MS) line(clock.text(now()));
    },
    end() {
      finish();
      clock = undefined;
    },
  };
}

/** A bar a stage, drawn by cli-progress, which is loaded when a job has run long enough to want one. */
export function progressBars(stream: NodeJS.WriteStream, now: () => number): ProgressPrinter {
  let clock: StageClock | undefined;
  let bar: import('cli-progress').SingleBar | undefined;
  let ended = false;
  const draw = (): void => {
    bar?.update(clock!.fraction, { stage: clock!.stage, text: clock!.text(now()) });
  };
  const timer = setTimeout(() => {
    void import('cli-progress').then(({ default: { Presets, SingleBar } }) => {
      if (ended) return;
      const format = '{stage} {bar} {percentage}% {text}';
      bar = new SingleBar(
        { stream, format, hideCursor: true, clearOnComplete: true },
        Presets.shades_classic,
      );
      bar.start(1, 0, { stage: clock?.stage ?? '', text: '' });
      if (clock !== undefined) draw();
    });
  }, BAR_AFTER_MS).unref();
  return {
    update(progress) {
      if (clock?.stage === progress.stage) clock.note(progress);
      else clock = new StageClock(progress, now());
      draw();
    },
    end() {
      ended = true;
      clearTimeout(timer);
      bar?.stop();
    },
  };
}
