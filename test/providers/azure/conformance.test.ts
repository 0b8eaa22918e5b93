import { describeProvider } from '../conformance.ts';
import { openAzureTarget } from './target.ts';

describeProvider('azure (machines)', () => openAzureTarget('machines'));
describeProvider('azure (uniform scale sets)', () => openAzureTarget('uniform'));
describeProvider('azure (flexible scale sets)', () => openAzureTarget('flexible'));
describeProvider('azure (agent pools of AKS)', () => openAzureTarget('aks'));
