import { createNatsBus } from '@forescale/shared/bus';
import { modelName } from '@forescale/shared/domain';
import { silentLog } from '@forescale/shared/telemetry';
import { systemClock } from '@forescale/shared/time';
import { TrainingQueue } from './training-queue.ts';

const TRAINING_MS = 10;

/** A process that only trains, and only pretends to: it says on stdout which model it has done. */
const [url = ''] = process.argv.slice(2);
const bus = await createNatsBus({ servers: [url], name: 'test-worker' });
const queue = new TrainingQueue({ bus, clock: systemClock, log: silentLog() });
await queue.work(1, async ({ key }, signal) => {
  await systemClock.sleep(TRAINING_MS, signal);
  process.stdout.write(`${modelName(key)}\n`);
});
