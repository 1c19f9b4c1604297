import type { Page } from 'playwright-core';

/** A text of a page, and how it stands out from what it stands on. */
interface SeenText {
  readonly text: string;
  readonly color: string;
  readonly ground: string;
  /** By WCAG: from 1 to 21. */
  readonly contrast: number;
}

/** All texts that are seen in a page, by the colours that the browser has computed; no text here stands on a picture. */
export const pageContrast = (page: Page): Promise<readonly SeenText[]> =>
  page.evaluate(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    if (canvas === null) throw new Error('there is no canvas');
    const channelsOf = (color: string): readonly number[] => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminanceOf = (color: string): number => {
      const [red = 0, green = 0, blue = 0] = channelsOf(color).map((channel) => {
        const part = channel / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const groundOf = (element: Element | null): string => {
      if (element === null) return 'white';
      const { backgroundColor } = getComputedStyle(element);
      return channelsOf(backgroundColor)[3] === 255 ? backgroundColor : groundOf(element.parentElement);
    };
    const isSeen = (element: Element): boolean =>
      element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
      element.closest('.only-heard, option, noscript') === null;
    const seen: SeenText[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const { parentElement, textContent } = node;
      if (parentElement === null || !textContent?.trim() || !isSeen(parentElement)) continue;
      const { color } = getComputedStyle(parentElement);
      const ground = groundOf(parentElement);
      const [high = 0, low = 0] = [luminanceOf(color), luminanceOf(ground)].toSorted((a, b) => b - a);
      seen.push({ text: textContent.slice(0, 40), color, ground, contrast: (high + 0.05) / (low + 0.05) });
    }
    return seen;
  });
