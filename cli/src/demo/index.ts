export { createWorld } from './world.ts';
