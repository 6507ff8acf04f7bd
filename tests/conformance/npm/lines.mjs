// JSON lines: one question a line in, one answer a line out, in order.
import { createInterface } from "node:readline";

export const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

export async function answer(ask) {
  for await (const line of createInterface({ input: process.stdin, terminal: false })) {
    print(await ask(JSON.parse(line)));
  }
}
