// Who may do what with the storage account, and why.

@description('Name of the storage account.')
param storageAccountName string

@description('Object id of the identity of the app.')
param appPrincipalId string

@description('Object id of whoever deploys; empty: nobody gets access.')
param deployerPrincipalId string

@description('Whether a person or a service principal deploys.')
@allowed(['User', 'ServicePrincipal'])
param deployerPrincipalType string

var roleIds = loadJsonContent('../roles.json')
var grants = concat(
  [
    // The host makes containers of its own (locks, keys) and holds leases in them; the code reads and writes the
    // others. Less than the account will not do: those containers are not there before the first start.
    { role: 'Storage Blob Data Owner', principalId: appPrincipalId, principalType: 'ServicePrincipal' }
    // The host makes its own control queue for blob events; jobs are put back with a delay, events are posted.
    { role: 'Storage Queue Data Contributor', principalId: appPrincipalId, principalType: 'ServicePrincipal' }
  ],
  empty(deployerPrincipalId)
    ? []
    : [
        // Documents are dropped and results fetched by the command line, and by the canary after a deployment.
        {
          role: 'Storage Blob Data Contributor'
          principalId: deployerPrincipalId
          principalType: deployerPrincipalType
        }
        // Jobs are posted and replayed, poison queues looked into.
        {
          role: 'Storage Queue Data Contributor'
          principalId: deployerPrincipalId
          principalType: deployerPrincipalType
        }
      ]
)

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageAccountName
}

resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for item in grants: {
    name: guid(account.id, item.principalId, item.role)
    scope: account
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds[item.role])
      principalId: item.principalId
      principalType: item.principalType
    }
  }
]
