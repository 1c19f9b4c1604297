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

/** Those that wait for more than their interval, and have waited until now. */
export function overdueMembers({ members }: ScannedRepository, now: number): readonly Member[] {
  return [...members.values()].filter(({ due }) => isOverdue(due, now));
}

/** Whether a scan for a point in time is awaited. */
export function isOverdue(due: MemberDue, now: number): boolean {
  return due.kind === 'at' && due.at <= now;
}
