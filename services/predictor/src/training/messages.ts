/** What a worker tells the trainer that started it. `done` and `failed` are the last word. */
export type WorkerMessage =
  | { readonly kind: 'progress'; readonly done: number; readonly of: number }
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly causeName: string; readonly message: string };

/** Told the units of work done, of how many. */
export type OnProgress = (done: number, of: number) => void;
