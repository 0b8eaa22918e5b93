export { dryRun } from './dry-run.ts';
export { GROUPS_NOT_APPLICABLE, NOT_APPLICABLE } from './not-applicable.ts';
