import t from 'tap';
import { addressPolicy, isNetwork } from '../../registry/addresses.js';

t.test(
  'loopback, link-local and unspecified addresses are refused unless allowed, and what is denied is refused, too',
  async (t) => {
    const policy = addressPolicy({ allow: ['127.0.0.0/8', '10.1.2.3'], deny: ['10.0.0.0/8', 'fd00::/8'] });
    const strict = addressPolicy({ allow: [], deny: [] });
    const rows = [
      ['127.0.0.1', 'loopback', undefined],
      ['127.8.8.8', 'loopback', undefined],
      ['::1', 'loopback', 'loopback'],
      ['::ffff:127.0.0.1', 'loopback', undefined],
      ['::ffff:7f00:1', 'loopback', undefined],
      ['169.254.169.254', 'link-local', 'link-local'],
      ['::ffff:169.254.169.254', 'link-local', 'link-local'],
      ['fe80::1%eth0', 'link-local', 'link-local'],
      ['0.0.0.0', 'unspecified', 'unspecified'],
      ['::', 'unspecified', 'unspecified'],
      ['10.1.2.3', undefined, 'denied'],
      ['fd00::1', undefined, 'denied'],
      ['93.184.216.34', undefined, undefined],
      ['2606:2800::1', undefined, undefined],
      // What leads to an IPv4 address is judged by it, too: compatible, translated, NAT64, 6to4, Teredo, ISATAP.
      ['::169.254.169.254', 'link-local', 'link-local'],
      ['::10.1.2.3', undefined, 'denied'],
      ['::ffff:0:169.254.169.254', 'link-local', 'link-local'],
      ['64:ff9b::169.254.169.254', 'link-local', 'link-local'],
      ['64:ff9b::a9fe:a9fe', 'link-local', 'link-local'],
      ['64:ff9b::127.0.0.1', 'loopback', undefined],
      ['64:ff9b::10.1.2.3', undefined, 'denied'],
      ['64:ff9b::93.184.216.34', undefined, undefined],
      ['64:ff9b:1:a9fe:a9:fe00::', 'link-local', 'link-local'],
      ['64:ff9b:1:aa:a9:fea9:fe00:0', 'link-local', 'link-local'],
      ['64:ff9b:1:aa:bb:a9fe:b9fe:0', undefined, undefined],
      ['64:ff9b:1:aabb:00a9:fea9:fe00:0', 'link-local', 'link-local'],
      ['64:ff9b:1::169.254.169.254', 'link-local', 'link-local'],
      ['64:ff9b:1::93.184.216.34', undefined, undefined],
      ['2002:a9fe:a9fe::1', 'link-local', 'link-local'],
      ['2002:5db8:d822::1', undefined, undefined],
      ['2001:0:a9fe:a9fe::1', 'link-local', 'link-local'],
      ['2001::5601:5601', 'link-local', 'link-local'],
      ['2001:db8::5601:5601', undefined, undefined],
      ['2606:2800::5efe:169.254.169.254', 'link-local', 'link-local'],
      ['2606:2800::200:5efe:a9fe:a9fe', 'link-local', 'link-local'],
      ['2606:2800::5eff:169.254.169.254', undefined, undefined],
    ] as const;
    for (const [address, byDefault, withFlags] of rows) {
      t.strictSame([strict(address), policy(address)], [byDefault, withFlags], address);
    }
    const networks = [
      '10.0.0.0/8',
      '10.0.0.1',
      'fd00::/8',
      '::1',
      '10.0.0.0/33',
      '10.0.0/8',
      'a/8',
      '10.0.0.0/8/8',
      '',
    ];
    t.strictSame(networks.map(isNetwork), [true, true, true, true, false, false, false, false, false]);
    t.throws(() => addressPolicy({ allow: ['localhost'], deny: [] }), {
      message: '"localhost" is no network; for example 127.0.0.0/8',
    });
  },
);
