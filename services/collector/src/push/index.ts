export { type PushParts, pushRoutes } from './routes.ts';
