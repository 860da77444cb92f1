/** The preview stands where one writes. */
import { describe, expect, test } from "vitest";
import { heightOf, placeIn } from "../studio/following.js";

const TEXT = "Before.\n\n## First\n\n```\n# no heading\n```\n\n## Second\n\nLast words";

describe("where one writes", () => {
  test("is between the headings that readers see: none in code counts, nor a hashtag", () => {
    expect(placeIn(TEXT, TEXT.indexOf("no heading"))).toMatchObject({ headings: 2, above: 1 });
    expect(placeIn("#tag\n\n    # code\n\n####### seven\n\n# yes", 3)).toMatchObject({ headings: 1, above: 0 });
  });

  test("a fence ends with marks of its own kind, as many or more", () => {
    expect(placeIn("````\n```\n# a\n~~~~\n# b\n````` \n# c", 0).headings).toBe(1);
  });

  test("stands in the preview as far below its heading as it does in the text", () => {
    const tops = [100, 400];
    const at = (words: string): number => heightOf(placeIn(TEXT, TEXT.indexOf(words)), tops, 500);
    expect(at("Before")).toBe(0);
    expect(at("## First")).toBe(100);
    expect(at("no heading")).toBeGreaterThan(100);
    expect(at("no heading")).toBeLessThan(400);
    expect(at("## Second")).toBe(400);
    expect(heightOf(placeIn(TEXT, TEXT.length), tops, 500)).toBe(500);
  });

  test("is told by the share of the whole where headings are others than were seen, and an empty text begins at the top", () => {
    expect(heightOf(placeIn("> ## quoted\n", 6), [30], 100)).toBe(50);
    expect(heightOf(placeIn("", 0), [], 0)).toBe(0);
  });
});
