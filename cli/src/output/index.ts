export { wordsTo, writeJson, writeOutput } from './json.ts';
export { type Progress, startProgress } from './progress.ts';
export { runProgram } from './run-program.ts';
export { integerOption, numberOption, UsageError } from './usage.ts';
