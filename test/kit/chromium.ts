import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * The Chromium of this machine: `$CHROMIUM`, or one on the PATH.
 * @throws Error, with what to install, if there is none: specs of the page are never left out in silence
 */
const chromiumPath = (env: NodeJS.ProcessEnv): string => {
  const { CHROMIUM = '', PATH = '' } = env;
  const places = PATH.split(delimiter).filter(Boolean);
  const candidates = CHROMIUM === '' ? NAMES.flatMap((name) => places.map((place) => join(place, name))) : [CHROMIUM];
  const found = candidates.find(isProgram);
  if (found !== undefined) return found;
  throw new Error(
    `There is no Chromium for the specs of the dashboard's page${CHROMIUM === '' ? ` (${NAMES.join(', ')} on the PATH)` : ` at $CHROMIUM, ${CHROMIUM}`}. ` +
      'Install one, on Debian by "apt-get install chromium", or say where it is by CHROMIUM=/path/to/it.',
  );
};

const isProgram = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** A browser without windows. Whoever starts it closes it; its profile goes with it. */
export const startChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath(process.env),
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
