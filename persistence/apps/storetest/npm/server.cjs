// dynalite on one address: its own command listens on all of the machine's.
const [port, address] = process.argv.slice(2);
const server = require('dynalite')({ createTableMs: 20, deleteTableMs: 0, updateTableMs: 20 });
server.on('error', (err) => { throw err; });
server.listen(Number(port), address, () => console.log('dynalite is ready'));
