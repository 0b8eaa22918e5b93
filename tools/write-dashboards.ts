import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { dashboardFiles } from './grafana/files.ts';

/** Writes deploy/grafana/dashboards anew: after a change of what they show. A test holds the files to it. */
for (const [path, text] of dashboardFiles()) {
  const file = `deploy/grafana/${path}`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
