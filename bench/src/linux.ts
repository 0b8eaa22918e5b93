import { readFile } from 'node:fs/promises';

/** What a process has computed since its start, on all processors together, in seconds; null where that is not told. */
export async function cpuSecondsOf(pid: number | undefined): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (text === null) return null;
  // In hundredths: fields 14 and 15, the 12th and 13th after the name in parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Memory that it ever had in use at once, in MiB; null as above. */
export async function peakMibOf(pid: number | undefined): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => null);
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(status ?? '')?.[1];
  return kib === undefined ? null : Number(kib) / 1_024;
}
