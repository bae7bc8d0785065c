// That the app may call the models of a Foundry resource, made here or elsewhere.

@description('Name of the Foundry resource in this resource group.')
param foundryName string

@description('Object id of the identity of the app.')
param appPrincipalId string

var role = 'Cognitive Services User'
var roleIds = loadJsonContent('../roles.json')

resource account 'Microsoft.CognitiveServices/accounts@2025-12-01' existing = {
  name: foundryName
}

// `Cognitive Services OpenAI User` is not enough: it does not reach the models of Mistral and Cohere.
resource user 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, appPrincipalId, role)
  scope: account
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds[role])
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

@description('Resource id.')
output id string = account.id

@description('Address that every model of the resource answers at.')
output endpoint string = 'https://${account.properties.customSubDomainName}.services.ai.azure.com'
