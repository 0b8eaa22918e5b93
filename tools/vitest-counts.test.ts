import { describe, expect, it } from 'vitest';
import { countVitest, type VitestResult } from './vitest-counts.ts';

const file = (name: string, status: string, ...tests: string[]) => ({
  name: `/repo/${name}`,
  status,
  assertionResults: tests.map((test, index) => ({ status: test, fullName: `test ${index}` })),
});

function count(files: VitestResult['testResults'], exitCode: number) {
  const of = (status: string) =>
    files.flatMap((one) => one.assertionResults).filter((test) => test.status === status).length;
  const result = {
    numPassedTests: of('passed'),
    numPendingTests: of('skipped'),
    numTodoTests: of('todo'),
    testResults: files,
  };
  return countVitest(result, exitCode, '/repo');
}

describe('counts of a test run', () => {
  it('all well', () => {
    expect(count([file('a.test.ts', 'passed', 'passed', 'passed', 'skipped', 'todo')], 0)).toEqual({
      passed: 2,
      skipped: 2,
      failures: [],
    });
  });

  it('failed tests are named', () => {
    const { failures } = count(
      [file('a.test.ts', 'failed', 'passed', 'failed'), file('b.test.ts', 'passed', 'passed')],
      1,
    );
    expect(failures).toEqual(['a.test.ts: test 1']);
  });

  it('a file that cannot be loaded, or whose hook throws, is a failure beside others', () => {
    const files = [
      file('a.test.ts', 'failed'),
      file('b.test.ts', 'failed', 'passed'),
      file('c.test.ts', 'failed', 'failed'),
    ];
    expect(count(files, 1).failures).toEqual([
      'a.test.ts: could not be run',
      'b.test.ts: could not be run',
      'c.test.ts: test 0',
    ]);
  });

  it('an error outside of the tests is a failure', () => {
    expect(count([file('a.test.ts', 'passed', 'passed')], 1).failures).toEqual([
      'vitest: an error outside of the tests',
    ]);
  });
});
