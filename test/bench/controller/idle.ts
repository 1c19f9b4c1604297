/** Does nothing: how late its event loop is, the machine is to blame for. */
import { setInterval } from 'node:timers';

console.log(JSON.stringify({ message: 'idle ready' }));
setInterval(() => {}, 60_000);
process.once('SIGTERM', () => process.exit(0));
// The benchmark was killed: nobody would end this process.
process.once('disconnect', () => process.exit(1));
