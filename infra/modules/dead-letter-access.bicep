// That Event Grid may write down what it cannot deliver.

@description('Name of the storage account.')
param storageAccountName string

@description('Object id of the identity of the topic.')
param topicPrincipalId string

var names = loadJsonContent('../names.json')
var role = 'Storage Blob Data Contributor'
var roleIds = loadJsonContent('../roles.json')

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageAccountName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource deadLetters 'containers' existing = {
      name: names.eventDeadLetters
    }
  }
}

// Events that cannot be delivered are written to this one container.
resource writer 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  // Named by the identity, which a topic that is made anew has another one of: an assignment cannot change hands.
  name: guid(account::blobs::deadLetters.id, topicPrincipalId, role)
  scope: account::blobs::deadLetters
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds[role])
    principalId: topicPrincipalId
    principalType: 'ServicePrincipal'
  }
}
