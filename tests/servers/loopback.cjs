'use strict';
// Preloaded into the emulators (node -r): every server they open listens on 127.0.0.1 and on a port the system picks,
// whatever host and port the program asked for (kinesis-local knows no host but 0.0.0.0). Which port that became is
// appended to the file $KCLPP_PORTS as a line `ASKED PORT`, so nobody guesses a free port in advance.
//
// $KCLPP_WHILE is empty, or `PID BORN`, a process and the time of its start in ticks since boot: this one ends when that
// one has. Whoever is killed cannot stop what it started.

const fs = require('node:fs');
const net = require('node:net');

const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (...given) {
  const asked = given[0]?.port ?? given[0];
  const onListening = given.findLast((argument) => typeof argument === 'function');
  if (onListening) this.once('listening', onListening);
  this.once('listening', () => fs.appendFileSync(process.env.KCLPP_PORTS, `${asked} ${this.address().port}\n`));
  return listen.call(this, { host: '127.0.0.1', port: 0 });
};

function born(pid) {
  let stat;
  try {
    stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the name in parentheses, which may hold anything; a zombie ("Z") has ended.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
}

const lookEveryMs = 500;

if (process.env.KCLPP_WHILE) {
  const [pid, since] = process.env.KCLPP_WHILE.split(' ');
  setInterval(() => {
    if (born(pid) !== since) process.kill(process.pid, 'SIGKILL');
  }, lookEveryMs).unref();
}
