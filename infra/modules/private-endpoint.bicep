// A private way to one service, and the names by which it is found.

@description('Name of the private endpoint.')
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of the subnet.')
param subnetId string

@description('Resource id of the service.')
param targetId string

@description('Which part of the service: blob and queue of a storage account, account of a Foundry resource.')
@allowed(['blob', 'queue', 'account'])
param part string

@description('Resource ids of the private DNS zones that its names are written to.')
param zoneIds string[]

resource endpoint 'Microsoft.Network/privateEndpoints@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnetId
    }
    privateLinkServiceConnections: [
      {
        name: name
        properties: {
          privateLinkServiceId: targetId
          groupIds: [part]
        }
      }
    ]
  }

  resource zones 'privateDnsZoneGroups' = {
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        for (zoneId, index) in zoneIds: {
          name: '${part}-${index}'
          properties: {
            privateDnsZoneId: zoneId
          }
        }
      ]
    }
  }
}
