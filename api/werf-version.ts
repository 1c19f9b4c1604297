/** What a version of werf decides. How a deployment, a plan and an uninstall are called is the same in all that can do them. */
export type WerfVersion =
  | {
      readonly kind: 'known';
      /** `3.2.0`, or `3` of a channel. */
      readonly text: string;
      /**
       * What `bundle plan --exit-code` ends with: `none`: there is no such command; `any`: 2, whatever would change; `objects`: 2 where
       * objects would change, 3 where only the release would be recorded anew.
       */
      readonly plan: 'none' | 'any' | 'objects';
    }
  /** `why` is for people: what is not known, and how to tell. */
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

/** A version that nobody has looked at is not known, either. */
const versionOf = (text: string): WerfVersion => {
  const [, major, minor, patch] = VERSION.exec(text) ?? [];
  const known = { kind: 'known', text: [major, minor, patch].filter((part) => part !== undefined).join('.') } as const;
  switch (major) {
    case '1':
      return { ...known, plan: 'none' };
    case '2':
      return { ...known, plan: minor !== undefined && Number(minor) < FIRST_PLAN_MINOR ? 'none' : 'any' };
    case '3':
      return { ...known, plan: 'objects' };
    default:
      return { kind: 'unknown', why: `werf ${text} is none of the versions that are known: 1.2, 2 and 3` };
  }
};
