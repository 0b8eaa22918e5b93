export { type PageAsset, pageAssets } from './assets.ts';
export { pageRoutes } from './routes.ts';
