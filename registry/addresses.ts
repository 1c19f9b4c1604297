import { BlockList, isIP } from 'node:net';

/** What an address is, if it is one that bundles may not make the controller connect to. */
export type AddressClass = 'loopback' | 'link-local' | 'unspecified' | 'denied';

/** Judges an address (no name) by its class; undefined: it may be connected to. */
export type AddressPolicy = (address: string) => AddressClass | undefined;

/**
 * Which addresses are refused: loopback, link-local (where clouds serve credentials) and unspecified ones unless one of `allow`
 * holds them, and whatever one of `deny` holds.
 * @param networks - CIDRs or single addresses: `127.0.0.0/8`, `fd00::/8`, `10.1.2.3`
 * @throws TypeError if one of them is neither: they come from flags and are checked before anything starts
 */
export const addressPolicy = (networks: {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}): AddressPolicy => {
  const allowed = blockList(networks.allow);
  const denied = blockList(networks.deny);
  return (address) => {
    if (holds(denied, address)) return 'denied';
    const reserved = RESERVED.find(({ list }) => holds(list, address));
    return reserved === undefined || holds(allowed, address) ? undefined : reserved.name;
  };
};

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

const RESERVED: readonly { readonly name: AddressClass; readonly list: BlockList }[] = [
  { name: 'loopback', list: blockList(['127.0.0.0/8', '::1/128']) },
  { name: 'link-local', list: blockList(['169.254.0.0/16', 'fe80::/10']) },
  { name: 'unspecified', list: blockList(['0.0.0.0/8', '::/128']) },
];
