export { readToken } from './token.ts';
export { type UserDataInput, userData } from './user-data.ts';
