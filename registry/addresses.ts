import { BlockList, isIP } from 'node:net';

/** What an address is, if it is one that bundles may not make the controller connect to. */
export type AddressClass = 'loopback' | 'link-local' | 'unspecified' | 'denied';

/** Judges an address (no name) by its class; undefined: it may be connected to. */
export type AddressPolicy = (address: string) => AddressClass | undefined;

/**
 * Which addresses are refused: loopback, link-local (where clouds serve credentials) and unspecified ones unless one of `allow`
 * holds them, and whatever one of `deny` holds. An IPv6 address that leads to an IPv4 address is refused, too, if that one is.
 * @param networks - CIDRs or single addresses: `127.0.0.0/8`, `fd00::/8`, `10.1.2.3`
 * @throws TypeError if one of them is neither: they come from flags and are checked before anything starts
 */
export const addressPolicy = (networks: {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}): AddressPolicy => {
  const allowed = blockList(networks.allow);
  const denied = blockList(networks.deny);
  const classOf: AddressPolicy = (address) => {
    if (holds(denied, address)) return 'denied';
    const reserved = RESERVED.find(({ list }) => holds(list, address));
    return reserved === undefined || holds(allowed, address) ? undefined : reserved.name;
  };
  return (address) => {
    for (const each of [address, ...embeddedIn(address)]) {
      const found = classOf(each);
      if (found !== undefined) return found;
    }
    return undefined;
  };
};

/** Whether a `host[:port]` is this machine, by its name: such registries speak plain HTTP, as Docker, Helm and werf take it. */
export const isOwnMachine = (host: string): boolean => /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/.test(host);

/** Whether a text is a CIDR or a single address, as `--allow-networks` and `--deny-networks` take them. */
export const isNetwork = (text: string): boolean => {
  const [address = '', prefix, ...rest] = text.split('/');
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  if (bits === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
};

/** Whether an address is in one of some networks. @param networks - as {@link addressPolicy} takes them */
export const isInNetworks = (address: string, networks: readonly string[]): boolean =>
  holds(blockList(networks), address);

const blockList = (networks: readonly string[]): BlockList => {
  const list = new BlockList();
  for (const network of networks) {
    if (!isNetwork(network)) throw new TypeError(`"${network}" is no network; for example 127.0.0.0/8`);
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, prefix === undefined ? (family === 'ipv6' ? 128 : 32) : Number(prefix), family);
  }
  return list;
};

const holds = (list: BlockList, address: string): boolean => {
  // A zone (fe80::1%eth0) says which link, not which address. IPv4 addresses mapped into IPv6 are known to BlockList as IPv4.
  const plain = address.split('%', 1)[0] ?? '';
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
};

/** A form of IPv6 address that leads to an IPv4 address. */
interface Embedding {
  readonly list: BlockList;
  /** Which of the 16 bytes are the IPv4 address. */
  readonly bytes: readonly [number, number, number, number];
  /** Its bits are turned around. */
  readonly inverted?: boolean;
}

/** The IPv4 addresses to which an IPv6 address may lead, by the ways in which hosts and networks translate or tunnel. */
const embeddedIn = (address: string): readonly string[] => {
  const plain = address.split('%', 1)[0] ?? '';
  if (isIP(plain) !== 6) return [];
  const bytes = bytesOf(plain);
  const embeddings = EMBEDDINGS.filter(({ list }) => holds(list, plain));
  return (
    [...embeddings, ...(isIsatap(bytes) ? [ISATAP] : [])]
      .map(({ bytes: places, inverted }) => places.map((at) => (bytes[at] ?? 0) ^ (inverted === true ? 0xff : 0)))
      // 0.0.0.0/8 leads nowhere; it is what other forms of the same prefix have there.
      .filter(([first]) => first !== 0)
      .map((parts) => parts.join('.'))
  );
};

/** The 16 bytes of an IPv6 address, which is known to be one. */
const bytesOf = (address: string): readonly number[] => {
  const hextets = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: readonly string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [before = [], after = []] = hextets.split('::').map((half) => half.split(':').filter((part) => part !== ''));
  const gap: readonly string[] = Array(8 - before.length - after.length).fill('0');
  return [...before, ...gap, ...after].flatMap((part) => {
    const value = Number.parseInt(part, 16);
    return [value >> 8, value & 0xff];
  });
};

const LAST = [12, 13, 14, 15] as const;

const EMBEDDINGS: readonly Embedding[] = [
  // IPv4-compatible (RFC 4291), and IPv4-translated (RFC 2765).
  { list: blockList(['::/96', '::ffff:0:0:0/96']), bytes: LAST },
  // NAT64 (RFC 6052, RFC 8215). A network of its own may have a prefix of 48, 56, 64 or 96 bits.
  { list: blockList(['64:ff9b::/96', '64:ff9b:1::/48']), bytes: LAST },
  { list: blockList(['64:ff9b:1::/48']), bytes: [6, 7, 9, 10] },
  { list: blockList(['64:ff9b:1::/48']), bytes: [7, 9, 10, 11] },
  { list: blockList(['64:ff9b:1::/48']), bytes: [9, 10, 11, 12] },
  // 6to4 (RFC 3056).
  { list: blockList(['2002::/16']), bytes: [2, 3, 4, 5] },
  // Teredo (RFC 4380): its server, and its client.
  { list: blockList(['2001::/32']), bytes: [4, 5, 6, 7] },
  { list: blockList(['2001::/32']), bytes: LAST, inverted: true },
];

/** `…:0:5efe:a.b.c.d` of any network (RFC 5214). */
const ISATAP = { bytes: LAST, inverted: false };
const isIsatap = (bytes: readonly number[]): boolean =>
  ((bytes[8] ?? 0) & 0xfd) === 0 && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe;

const RESERVED: readonly { readonly name: AddressClass; readonly list: BlockList }[] = [
  { name: 'loopback', list: blockList(['127.0.0.0/8', '::1/128']) },
  { name: 'link-local', list: blockList(['169.254.0.0/16', 'fe80::/10']) },
  { name: 'unspecified', list: blockList(['0.0.0.0/8', '::/128']) },
];
