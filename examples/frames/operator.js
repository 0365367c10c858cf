// An operator of flashmob run --exec 'node operator.js' --exec-mode frames: adds a column with the length of each line.
// Frames: 4 bytes length, big-endian, of what follows: a letter and its text. See docs/exec.md.
const header = (line) => line + ',LENGTH';
const batch = (text) => text.replace(/[^\r\n]+/g, (line) => line + ',' + line.length);

let held = Buffer.alloc(0);
const send = (letter, text) => {
  const body = Buffer.from(letter + text);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  process.stdout.write(Buffer.concat([head, body]));
};

process.stdin.on('data', (block) => {
  held = Buffer.concat([held, block]);
  while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
    const end = 4 + held.readUInt32BE(0);
    const letter = String.fromCharCode(held[4]);
    const text = held.toString('utf8', 5, end);
    held = held.subarray(end);
    try {
      if (letter === 'H') send('H', header(text));
      else send('R', batch(text));
    } catch (error) {
      send('E', String(error.stack));
    }
  }
});
