export { agentOptions } from './k3s.ts';
export { nodeIdentity } from './node.ts';
export { readToken } from './token.ts';
export { type UserDataInput, userData } from './user-data.ts';
