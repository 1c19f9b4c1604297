import type { Member, ScannedRepository } from './members.js';
import { duesOf } from './members.js';
import { dueNow, type MemberDue } from './schedule.js';

/** The members that a scan is for, with what they had asked for. */
export type Waiting = ReadonlyMap<Member, MemberDue>;

/** Those for whom a scan is that begins now. */
export function waitingFor(repository: ScannedRepository, now: number): Waiting {
  const isDue = dueNow(repository.rhythm, duesOf(repository), now);
  const members = [...repository.members.values()].filter(({ due }) => isDue(due));
  return new Map(members.map((member) => [member, member.due]));
}

/** A scan that was stopped, or put off, has served nobody: they wait for another one, unless they want something else since. */
export function restore(dues: Waiting, members: Iterable<Member> = dues.keys()): void {
  for (const member of members) {
    const due = dues.get(member);
    if (due !== undefined && member.due.kind === 'idle') member.due = due;
  }
}
