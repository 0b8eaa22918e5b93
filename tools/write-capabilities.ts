import { readFile, writeFile } from 'node:fs/promises';
import { matrixText } from '../test/providers/matrix.ts';

/** `node tools/write-capabilities.ts`: the capability matrix of the code, into the document that shows it. */
const DOCUMENT = new URL('../docs/providers.md', import.meta.url);
const [before = '', rest = ''] = (await readFile(DOCUMENT, 'utf8')).split('<!-- capabilities: begin -->');
const after = rest.slice(rest.indexOf('<!-- capabilities: end -->'));
await writeFile(DOCUMENT, `${before}<!-- capabilities: begin -->\n\n${matrixText()}\n\n${after}`);
