/** A numbered step of a document: its words, and the commands that it has. */
export interface Step {
  readonly number: number;
  readonly words: string;
  readonly commands: readonly string[];
}

const SECTION = /^## Your own Prometheus$([\s\S]*?)(?=^## )/m;
const STEP = /^(\d+)\. ([\s\S]*?)(?=^\d+\. |^\S|$(?![\s\S]))/gm;
const BLOCK = /^ *```sh\n([\s\S]*?)^ *```$/gm;

/** The steps of docs/start.md that lead to one's own Prometheus. */
export function stepsOf(markdown: string): Step[] {
  const [, section = ''] = SECTION.exec(markdown) ?? [];
  return [...section.matchAll(STEP)].map(([, number, text = '']) => ({
    number: Number(number),
    words: text.split('\n', 1)[0] ?? '',
    commands: [...text.matchAll(BLOCK)].flatMap(([, block = '']) => block.trim().split(/\n */)),
  }));
}
