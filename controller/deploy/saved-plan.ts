import { gunzipSync } from 'node:zlib';
import { parseJson } from '../../api/parse-json.js';

/** Where werf saves the plan in the Pod. */
export const SAVED_PLAN_FILE = '/tmp/werfbundle-plan.gz';

/** A larger one is not printed, bytes: a Secret has to hold it. */
const MOST_BYTES = 1_000_000;
/** The same in base64, characters: a longer line is none that the Pod itself has printed. */
const MOST_CHARACTERS = Math.ceil(MOST_BYTES / 3) * 4;
/** What a saved plan may have unpacked, bytes: it is mostly hexadecimal, of which gzip leaves half, and little more than that. */
const MOST_UNPACKED_BYTES = 2_500_000;
/** How much of a saved plan may be something else than its one long text, characters: who has printed it could let a parser toil. */
const MOST_AROUND = 100_000;

/** Begins the last line of the log of a Pod that saves a plan. */
const MARK = 'werfbundle-saved-plan:';

/**
 * Runs werf, and then prints what it has saved as the last line, since there is no other way out of a Pod that needs no right of its own. One
 * stream for both of werf's: a line of werf's can't come after. Its words are whole before that, and its exit code is the container's.
 */
const SCRIPT = `
werf=
stopped=
trap 'stopped=1; [ -z "$werf" ] || kill -TERM "$werf"' TERM INT
"$@" 2>&1 &
werf=$!
[ -z "$stopped" ] || kill -TERM "$werf"
wait "$werf"
code=$?
trap - TERM INT
case $code in 0|2|3) ;; *) exit "$code" ;; esac
plan=${SAVED_PLAN_FILE}
size=0
if [ -s "$plan" ]; then size=$(wc -c 2>/dev/null <"$plan" || echo 0); fi
if [ "$size" -gt ${MOST_BYTES} ]; then
  printf '\\n%s larger %s\\n' '${MARK}' "$size"
else
  printf '\\n%s ' '${MARK}'
  if [ "$size" -gt 0 ]; then base64 2>/dev/null <"$plan" | tr -d '\\n' 2>/dev/null; fi
  printf '\\n'
fi
exit "$code"
`.trim();

/** The command of a container that saves a plan; werf's arguments follow. The image needs sh, wc, base64 and tr. */
export const SAVING_COMMAND: readonly string[] = ['sh', '-c', SCRIPT, 'sh', 'werf'];

/** A plan as werf has saved it. `why` is for people: a sentence without an end. */
export type SavedPlan =
  /** `artifact`: werf's file in base64, encrypted. */
  { readonly kind: 'saved'; readonly artifact: string } | { readonly kind: 'unsaved'; readonly why: string };

/**
 * The log of a Pod that saves a plan, apart from what it has saved.
 * @returns `printed` undefined: the Pod has not come so far
 */
export const splitLog = (log: string): { readonly words: string; readonly printed: string | undefined } => {
  const end = log.trimEnd();
  const at = end.lastIndexOf('\n') + 1;
  if (!end.startsWith(MARK, at)) return { words: log, printed: undefined };
  return { words: log.slice(0, at), printed: end.slice(at + MARK.length).trim() };
};

/**
 * What a Pod has printed of a saved plan. Only one that is encrypted, and of just this release, is taken: it will be applied as it is.
 * @param printed - as {@link splitLog} finds it
 */
export const savedPlanOf = (
  printed: string | undefined,
  release: { readonly name: string; readonly namespace: string },
): SavedPlan => {
  if (printed === undefined) return unsaved('its Job has not said what it has saved');
  if (printed.length > MOST_CHARACTERS) return unsaved('its Pod has printed more than a saved plan can have');
  const [, size] = /^larger (\d{1,15})$/.exec(printed) ?? [];
  if (size !== undefined) return unsaved(`saved, it has ${size} bytes, and ${MOST_BYTES} are kept at most`);
  if (printed === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(printed))
    return unsaved('its Pod could not print what it has saved: the image needs sh, wc, base64 and tr');
  const file = parseJson(withoutData(unpacked(printed) ?? '')) as Partial<PlanFile> | null | undefined;
  if (file?.encrypted !== true || typeof file.dataRaw !== 'string')
    return unsaved('what werf has saved is not an encrypted plan');
  if (file.release?.name !== release.name || file.release.namespace !== release.namespace)
    return unsaved('what werf has saved is the plan of another release');
  return { kind: 'saved', artifact: printed };
};

/** werf's file, as far as it is looked at: the rest is werf's own, and is encrypted. */
interface PlanFile {
  readonly encrypted: unknown;
  readonly dataRaw: unknown;
  readonly release: { readonly name?: unknown; readonly namespace?: unknown } | null;
}

const unsaved = (why: string): SavedPlan => ({ kind: 'unsaved', why });

const DATA = /"dataRaw"\s*:\s*"[0-9a-fA-F]+"/;

/**
 * A plan's file without what it has encrypted, which is its bulk; '' if there is nothing of the kind, or still too much: it costs little, whatever
 * a Pod has printed.
 */
const withoutData = (file: string): string => {
  const rest = file.replace(DATA, '"dataRaw":""');
  return rest === file || rest.length > MOST_AROUND ? '' : rest;
};

const unpacked = (base64: string): string | undefined => {
  try {
    return gunzipSync(Buffer.from(base64, 'base64'), { maxOutputLength: MOST_UNPACKED_BYTES }).toString('utf8');
  } catch {
    return undefined;
  }
};

/** By what werf begins to say that it does not take a saved plan, before it has changed anything: another revision, or too old, or not readable. */
const REFUSAL =
  /^release install: (?:read plan artifact|validate plan artifact|plan artifact release revision mismatch)\b/;

/** Whether werf has not taken the saved plan that it was to apply. @param errorLine - as {@link lastErrorLine} finds it */
export const isPlanRefusal = (errorLine: string | undefined): boolean => REFUSAL.test(errorLine ?? '');
