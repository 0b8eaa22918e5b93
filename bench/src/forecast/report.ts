import { readFile } from 'node:fs/promises';
import { UsageError, writeOutput } from '@forescale/cli/output';
import { type Machine, machineText } from '../machine.ts';
import { type Column, markdownTable, table } from '../table.ts';
import { type Measurement, rowOf } from './method-run.ts';
import { type MethodSummary, ratioTo } from './summary.ts';

const BEGIN = '<!-- bench: forecast -->';
const END = '<!-- bench: end -->';
const OWN = 'forescale';

const ROW_COLUMNS: readonly Column[] = [
  { key: 'trace' },
  { key: 'method' },
  { key: 'wql', digits: 4 },
  { key: 'mase', digits: 3 },
  { key: 'coverage90', digits: 3 },
  { key: 'coverage99', digits: 3 },
  { key: 'seconds', digits: 1 },
  { key: 'note' },
];

/** The tables of a run for the screen, and the shorter ones for the documentation. */
export function reportOf(
  measurements: readonly Measurement[],
  summary: readonly MethodSummary[],
  base: string,
  backend: string,
  machine: Machine,
): { readonly words: string; readonly markdown: string } {
  const columns = summaryColumns(base);
  const summaryRows = summary.map((one) => ({ ...one, interval: `${one.low.toFixed(2)}-${one.high.toFixed(2)}` }));
  const rows = measurements.map((one) => ({ note: '', ...rowOf(one) }));
  const traces = tracesTable(measurements, base);
  const maxima = maximaTable(measurements);
  const meaning = `geometric mean over traces of WQL over that of ${base}, each ratio within [0.2, 5], with its 90 % interval over origins; seconds are means per trace; backend ${backend}`;
  return {
    words: [table(rows, ROW_COLUMNS), table(summaryRows, columns), meaning].join('\n\n'),
    markdown: [
      `Measured ${machine.started.slice(0, 10)} on ${machineText(machine)} before the run, backend ${backend}.`,
      markdownTable(summaryRows, columns),
      markdownTable(traces, traceColumns(base)),
      ...(maxima.length === 0 ? [] : [markdownTable(maxima, MAXIMA_COLUMNS)]),
    ].join('\n\n'),
  };
}

function summaryColumns(base: string): Column[] {
  return [
    { key: 'method' },
    { key: 'ratio', title: `WQL / ${base}`, digits: 3 },
    { key: 'interval', title: '90 % interval' },
    { key: 'worst', title: 'worst trace', digits: 2 },
    { key: 'traces', digits: 0 },
    { key: 'origins', digits: 0 },
    { key: 'coverage90', title: 'coverage 0.9', digits: 3 },
    { key: 'coverage99', title: 'coverage 0.99', digits: 3 },
    { key: 'seconds', digits: 1 },
  ];
}

function traceColumns(base: string): Column[] {
  return [
    { key: 'trace' },
    { key: 'forescale', title: 'WQL of forescale', digits: 4 },
    ...(base === 'seasonal-naive' ? [] : [{ key: 'base', title: base, digits: 4 }]),
    { key: 'seasonal-naive', digits: 4 },
    { key: 'persistence', digits: 4 },
    { key: 'ratio', title: `forescale / ${base}`, digits: 2 },
    { key: 'simplest', title: 'forescale / better of the simple two', digits: 2 },
    { key: 'coverage90', title: 'coverage 0.9', digits: 3 },
    { key: 'coverage99', title: 'coverage 0.99', digits: 3 },
  ];
}

function tracesTable(measurements: readonly Measurement[], base: string) {
  return measurements
    .filter(({ method, failed }) => method === OWN && failed === null)
    .map((own) => {
      const other = (method: string) => measurements.find((one) => one.trace === own.trace && one.method === method);
      const wql = (method: string) => other(method)?.wql ?? Number.NaN;
      return {
        trace: own.trace,
        forescale: own.wql,
        base: wql(base),
        'seasonal-naive': wql('seasonal-naive'),
        persistence: wql('persistence'),
        ratio: ratioTo(other(base), own),
        simplest: own.wql / Math.min(wql('seasonal-naive'), wql('persistence')),
        coverage90: own.coverage90,
        coverage99: own.coverage99,
      };
    });
}

const LEADS = ['3', '10', '30'] as const;
const MAXIMA_COLUMNS: readonly Column[] = [
  { key: 'trace' },
  ...LEADS.map((lead) => ({ key: `max${lead}_coverage95`, title: `0.95 of the maximum, ${lead} min`, digits: 3 })),
  ...LEADS.map((lead) => ({ key: `max${lead}_loss`, title: `loss, ${lead} min`, digits: 4 })),
];

function maximaTable(measurements: readonly Measurement[]) {
  return measurements.filter(({ more }) => Object.keys(more).length > 0).map(({ trace, more }) => ({ trace, ...more }));
}

/** Puts the tables of a run into a page, between the two marks that it has for them. */
export async function refreshMarkdown(path: string, markdown: string): Promise<void> {
  const page = await pageWithMarks(path);
  const from = page.indexOf(BEGIN) + BEGIN.length;
  await writeOutput('--markdown', path, `${page.slice(0, from)}\n${markdown}\n${page.slice(page.indexOf(END))}`);
}

export async function pageWithMarks(path: string): Promise<string> {
  let page: string;
  try {
    page = await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`--markdown = ${path}: cannot be read: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    });
  }
  const begin = page.indexOf(BEGIN);
  if (begin >= 0 && page.indexOf(END) > begin) return page;
  throw new UsageError(`--markdown = ${path}: no place for the tables; allowed: a page with ${BEGIN} and ${END}`);
}
