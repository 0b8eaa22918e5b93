import { spawnSync } from 'node:child_process';

/**
 * A step of the image's build: fetches the binaries of native TensorFlow, which its install script takes from outside of
 * the npm registry, and takes the package out again where they cannot be had or do not work here: the predictor then
 * computes in WebAssembly, and says so when it starts.
 */

const PACKAGE = '@tensorflow/tfjs-node';
/** Of the download, some 400 MB unpacked; then there is no waiting for a network that swallows it. */
const FETCH_WITHIN_MS = 300_000;
const REMOVE_WITHIN_MS = 120_000;

/** It can be there and still fail at its first operation. */
const TRIAL = `const tf = require('${PACKAGE}');
process.exit(tf.tensor2d([[1, 2]]).matMul(tf.tensor2d([[3], [4]])).dataSync()[0] === 11 ? 0 : 1);`;

function run(command: string, args: readonly string[], withinMs: number): boolean {
  return spawnSync(command, args, { stdio: 'inherit', timeout: withinMs }).status === 0;
}

const [wanted = 'auto'] = process.argv.slice(2);
if (wanted !== 'auto' && wanted !== 'no') {
  process.stderr.write(`TENSORFLOW = ${JSON.stringify(wanted)}; allowed: auto or no\n`);
  process.exit(2);
}
const works =
  wanted === 'auto' &&
  run('npm', ['rebuild', PACKAGE, '--foreground-scripts'], FETCH_WITHIN_MS) &&
  run(process.execPath, ['-e', TRIAL], REMOVE_WITHIN_MS);
if (works) {
  process.stdout.write('native TensorFlow is in the image\n');
} else {
  process.stdout.write(
    `native TensorFlow is not in the image${wanted === 'no' ? ', as asked for' : ''}: WebAssembly is\n`,
  );
  const args = ['uninstall', '--no-save', '--offline', '--omit=dev', '--ignore-scripts', '--no-update-notifier'];
  const isRemoved = run('npm', [...args, '--workspace=services/predictor', PACKAGE], REMOVE_WITHIN_MS);
  if (!isRemoved) process.exitCode = 1;
}
