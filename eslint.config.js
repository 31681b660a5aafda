import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Imports point inwards only. Each ring may use the rings before it; a ring's members do not know each other. */
const rings = [
  ['core'],
  ['operators', 'frontends', 'space', 'client'],
  ['encoders', 'alerts', 'devices', 'recording', 'memory'],
  ['inputs', 'outputs'],
  ['pipelines'],
  ['runtime'],
  ['cli'],
];

const folderOf = (name) => (name === 'pipelines' || name === 'devices' ? `${name}/**/*.ts` : `src/${name}/**/*.ts`);

const importRules = rings.flatMap((ring, depth) =>
  ring.map((name) => {
    const outer = [...ring.filter((other) => other !== name), ...rings.slice(depth + 1).flat()];
    return {
      files: [folderOf(name)],
      ignores: ['**/*.test.ts'],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              ...outer.map((other) => ({
                group: [`**/${other}/**`],
                message: `${name} must not import from ${other}: imports point inwards (CONTRIBUTING.md).`,
              })),
              ...(depth < 2
                ? [
                    {
                      group: ['node:fs', 'node:fs/*', 'node:net', 'node:http', 'node:child_process', 'onnxruntime-node'],
                      message: `${name} does no I/O.`,
                    },
                  ]
                : []),
            ],
          },
        ],
      },
    };
  }),
);

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'models/**', 'coverage/**', '**/.tmp/**'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['*.js'] }, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  ...importRules,
  {
    files: ['**/*.{js,mjs}'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: {
      ...tseslint.configs.disableTypeChecked.languageOptions,
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        setTimeout: 'readonly',
        setInterval: 'readonly',
      },
    },
  },
  { files: ['**/*.test.ts', 'test/**/*.ts'], rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
);
