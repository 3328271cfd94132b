// Plays what applications do with the libraries that they have, and writes a line for each scene: "ok CASE NAME",
// or "failed CASE NAME: why"; then how many there were.
import process from 'node:process';
import { once } from 'node:events';
import { leave } from './kit.mjs';
import * as client from './client.mjs';
import * as backend from './backend.mjs';
import * as echo from './echo.mjs';

const scenes = Object.entries({ X1: client, X3: echo, X4: backend })
  .flatMap(([number, { scenes }]) => Object.entries(scenes).map(([name, play]) => [`${number} ${name}`, play]));
for (const [name, play] of scenes) {
  try {
    await play();
    console.log(`ok ${name}`);
  } catch (e) {
    console.log(`failed ${name}: ${e?.message ?? JSON.stringify(e)}`);
  }
  leave();
}
console.log(`played ${scenes.length}`);
if (process.stdout.writableLength > 0) await once(process.stdout, 'drain');
process.exit(0);
