import { writeFileSync } from 'node:fs';
import { workloadsYaml } from './workloads.ts';

/** Writes deploy/kubernetes/workloads.yaml anew: after a change of the chart. A test holds the file to it. */
writeFileSync('deploy/kubernetes/workloads.yaml', workloadsYaml());
