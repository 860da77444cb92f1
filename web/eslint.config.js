import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "eslint.config.js"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: false }],
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Foreign text is text. Use textContent, a Lit template, or shared/passage." },
        { property: "outerHTML", message: "Foreign text is text." },
        { property: "insertAdjacentHTML", message: "Foreign text is text." },
      ],
      "no-restricted-imports": [
        "error",
        { paths: [{ name: "lit/directives/unsafe-html.js", message: "Use shared/passage." }] },
      ],
      eqeqeq: "error",
    },
  },
  {
    files: ["**/*.ts"],
    ignores: ["shared/clock.ts", "dev/**", "tests/**"],
    rules: {
      "no-restricted-globals": ["error", { name: "setInterval", message: "Use the one shared timer in shared/clock." }],
      "no-restricted-syntax": [
        "error",
        { selector: "MemberExpression[object.name='Date'][property.name='now']", message: "Only shared/clock reads the time." },
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: "Only shared/clock reads the time." },
      ],
    },
  },
  {
    files: ["tests/**", "dev/**"],
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/no-unnecessary-type-assertion": "off",
    },
  },
);
