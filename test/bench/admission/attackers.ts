/** Slow callers of a webhook, in a process of their own, so that what they cost is not paid by whoever measures. */
import { startAttack } from '../../kit/slow-caller.js';

const [, , port = ''] = process.argv;
const attack = await startAttack(Number(port));
console.log(JSON.stringify({ message: 'attackers ready' }));
process.once('SIGTERM', () => void attack.stop().then(() => process.exit(0)));
