export { type Observed, observe } from './observed.ts';
export { type Mix, type RequestLine, type Rightsizing, rightsize } from './rightsize.ts';
