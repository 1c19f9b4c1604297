/** What depends on the version of werf. The commands to deploy, plan and uninstall are the same in all versions that have them. */
export type WerfVersion =
  | {
      readonly kind: 'known';
      /** `3.2.0`, or `3` of a channel. */
      readonly text: string;
      /**
       * Exit codes of `bundle plan --exit-code`: `none`: there is no such command; `any`: 2 if anything would change; `objects`: 2 if
       * objects would change, 3 if only the release would be recorded anew.
       */
      readonly plan: 'none' | 'any' | 'objects';
      /** Whether a plan can be saved (`bundle plan --save-plan`), and applied later just as it is (`bundle apply --use-plan`). */
      readonly savesPlans: boolean;
    }
  /** `why` is for people: what is not known, and how to specify it. */
  | { readonly kind: 'unknown'; readonly why: string };

/** `bundle plan` came with 2.53. */
const FIRST_PLAN_MINOR = 53;
/** What may follow a version in a tag: a flavour of the image (`3.2.0-alpine`), or a channel (`2-stable`). */
const VERSION = /^v?(\d{1,4})(?:\.(\d{1,5})(?:\.(\d{1,5}))?)?(?:[-+].*)?$/;
const TAG = /:(\w[\w.-]*)$/;

export const isWerfVersion = (text: string): boolean => VERSION.test(text);

/**
 * The version of werf in an image.
 * @param platform.werfVersion - `--werf-version`: of the platform's own image, whatever its tag
 */
export const werfVersionIn = (
  image: string,
  platform: { readonly werfImage: string; readonly werfVersion: string | undefined },
): WerfVersion => {
  if (image === platform.werfImage && platform.werfVersion !== undefined) return versionOf(platform.werfVersion);
  const [named = ''] = image.split('@');
  const [, tag = ''] = TAG.exec(named) ?? [];
  return isWerfVersion(tag)
    ? versionOf(tag)
    : { kind: 'unknown', why: `the tag of image "${image}" does not tell which version of werf it has` };
};

/** A major version that this operator was not made for is unknown, too. */
const versionOf = (text: string): WerfVersion => {
  const [, major, minor, patch] = VERSION.exec(text) ?? [];
  const known = { kind: 'known', text: [major, minor, patch].filter((part) => part !== undefined).join('.') } as const;
  switch (major) {
    case '1':
      return { ...known, plan: 'none', savesPlans: false };
    case '2':
      return {
        ...known,
        plan: minor !== undefined && Number(minor) < FIRST_PLAN_MINOR ? 'none' : 'any',
        savesPlans: false,
      };
    case '3':
      return { ...known, plan: 'objects', savesPlans: true };
    default:
      return { kind: 'unknown', why: `werf ${text} is none of the versions that are known: 1.2, 2 and 3` };
  }
};
