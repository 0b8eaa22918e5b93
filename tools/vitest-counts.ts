import { relative } from 'node:path';

/** What vitest's JSON reporter writes, as far as it is counted here. */
export interface VitestResult {
  readonly numPassedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

export interface VitestCounts {
  readonly passed: number;
  readonly skipped: number;
  /** What failed, by name. */
  readonly failures: readonly string[];
}

/** The tests of a run. A file that fails without a failed test (it cannot load, a hook throws) is a failure, too. */
export function countVitest(result: VitestResult, exitCode: number, root: string): VitestCounts {
  const failures = result.testResults.flatMap((file) => {
    const path = relative(root, file.name);
    const failed = file.assertionResults.filter((test) => test.status === 'failed');
    if (file.status === 'failed' && failed.length === 0) return [`${path}: could not be run`];
    return failed.map((test) => `${path}: ${test.fullName}`);
  });
  // Errors outside of every test fail the run, and nothing that is counted.
  if (exitCode !== 0 && failures.length === 0) failures.push('vitest: an error outside of the tests');
  return { passed: result.numPassedTests, skipped: result.numPendingTests + result.numTodoTests, failures };
}
