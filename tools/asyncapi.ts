import { writeFile } from 'node:fs/promises';
import { dumpYaml } from '@kubernetes/client-node';
import { asyncApiDocument } from './asyncapi/document.ts';

/** Writes docs/asyncapi.yaml anew: after a change of what passes on the bus. A test holds the file to it. */
await writeFile(
  new URL('../docs/asyncapi.yaml', import.meta.url),
  dumpYaml(asyncApiDocument(), { lineWidth: 120, noRefs: true }),
);
