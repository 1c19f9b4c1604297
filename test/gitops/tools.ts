/** The folders with the programs of each tool, which `npm run test:gitops` has built. */
interface Tools {
  readonly flux: string;
  readonly argocd: string;
}

/** @throws Error where the specs are run in another way */
export const toolsOfThisRun = (): Tools => {
  const given = process.env['WERFBUNDLE_GITOPS'];
  if (given === undefined) throw new Error('"npm run test:gitops" builds what these specs run on, and runs them');
  return JSON.parse(given) as Tools;
};
