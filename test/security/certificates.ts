import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Files of a certificate and of its key. */
export interface Certified {
  readonly certFile: string;
  readonly keyFile: string;
}

/** An authority of the test's own, in files below `directory`. */
export class Authority {
  readonly caFile: string;
  readonly #keyFile: string;
  readonly #directory: string;

  private constructor(directory: string, name: string) {
    this.#directory = directory;
    this.caFile = join(directory, `${name}.crt`);
    this.#keyFile = join(directory, `${name}.key`);
  }

  static async create(directory: string, name: string): Promise<Authority> {
    const made = new Authority(directory, name);
    const subject = ['-subj', `/CN=${name}`, '-days', '2'];
    await run('openssl', ['req', '-x509', ...newKey(made.#keyFile), '-out', made.caFile, ...subject]);
    return made;
  }

  /** A certificate for 127.0.0.1, or of a client. */
  async issue(name: string): Promise<Certified> {
    const file = (ending: string) => join(this.#directory, `${name}.${ending}`);
    await writeFile(file('ext'), 'subjectAltName = IP:127.0.0.1\n');
    await run('openssl', ['req', ...newKey(file('key')), '-out', file('csr'), '-subj', `/CN=${name}`]);
    const signed = ['-CA', this.caFile, '-CAkey', this.#keyFile, '-CAcreateserial', '-days', '2'];
    await run('openssl', [
      ...['x509', '-req', '-in', file('csr'), '-out', file('crt')],
      ...['-extfile', file('ext'), ...signed],
    ]);
    return { certFile: file('crt'), keyFile: file('key') };
  }
}

function newKey(file: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file];
}
