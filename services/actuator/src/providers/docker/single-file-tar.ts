const BLOCK_BYTES = 512;
const CHECKSUM_AT = 148;

/**
 * A tar archive (POSIX.1-1988, "ustar") of one small file in a directory of its own, both of root and for root only: what the
 * engine unpacks into a container.
 */
export function singleFileTar(directory: string, name: string, content: string): Buffer {
  const bytes = Buffer.from(content);
  const padding = Buffer.alloc((BLOCK_BYTES - (bytes.length % BLOCK_BYTES)) % BLOCK_BYTES);
  return Buffer.concat([
    header(`${directory}/`, 0, { mode: 0o700, type: '5' }),
    header(`${directory}/${name}`, bytes.length, { mode: 0o600, type: '0' }),
    bytes,
    padding,
    Buffer.alloc(2 * BLOCK_BYTES),
  ]);
}

function header(
  path: string,
  length: number,
  { mode, type }: { readonly mode: number; readonly type: string },
): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  block.write(path, 0, 100, 'ascii');
  block.write(octal(mode, 7), 100, 'ascii');
  block.write(octal(0, 7), 108, 'ascii');
  block.write(octal(0, 7), 116, 'ascii');
  block.write(octal(length, 11), 124, 'ascii');
  // No time of change: the same archive for the same content.
  block.write(octal(0, 11), 136, 'ascii');
  block.write('        ', CHECKSUM_AT, 'ascii');
  block.write(type, 156, 'ascii');
  block.write('ustar\x0000', 257, 'ascii');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)} `, CHECKSUM_AT, 'ascii');
  return block;
}
