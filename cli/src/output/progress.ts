import { SingleBar } from 'cli-progress';

const LINE_EVERY_MS = 60_000;

/** Progress of one long piece of work on stderr: a bar on a terminal, a line a minute otherwise. */
export interface Progress {
  update(done: number, of: number): void;
  end(): void;
}

export function startProgress(label: string): Progress {
  return process.stderr.isTTY ? barProgress(label) : lineProgress(label);
}

function barProgress(label: string): Progress {
  const bar = new SingleBar({
    format: `${label} {bar} {percentage}% {eta_formatted}`,
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  let started = false;
  return {
    update(done, of) {
      if (!started) bar.start(of, done);
      started = true;
      bar.setTotal(of);
      bar.update(done);
    },
    end() {
      if (started) bar.stop();
    },
  };
}

function lineProgress(label: string): Progress {
  let lastMs = performance.now();
  return {
    update(done, of) {
      const nowMs = performance.now();
      if (nowMs - lastMs < LINE_EVERY_MS) return;
      lastMs = nowMs;
      process.stderr.write(`${label}: ${Math.floor((100 * done) / Math.max(1, of))} %\n`);
    },
    end() {},
  };
}
